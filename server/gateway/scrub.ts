const LONGEST = 500

/** An upstream's words without what must not leave the shop: its address, its credentials, anything that looks like them. */
export function scrub(text: string, secrets: string[]): string {
  let clean = text
  for (const secret of secrets.flatMap(withHost)) if (secret.length > 3) clean = clean.replaceAll(secret, '[hidden]')
  return clean
    .replace(/https?:\/\/[^\s"')]+/gi, '[hidden]')
    .replace(/\b(?:sk|key|pk|rk|AIza)[-_]?[\w-]{12,}/g, '[hidden]')
    .slice(0, LONGEST)
}

function withHost(secret: string): string[] {
  if (!URL.canParse(secret)) return [secret]
  const { host, hostname } = new URL(secret)
  return [secret, host, hostname]
}
