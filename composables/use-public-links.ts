/** The address of a model's own page; its name may hold slashes. */
export function modelLink(name: string): string {
  return `/models/${name.split('/').map(encodeURIComponent).join('/')}`
}

/** 128,000 as "128K", 1,048,576 as "1M": how people speak of context windows. */
export function shortTokens(tokens: number): string {
  if (tokens >= 1_000_000) return `${trim(tokens / 1_000_000)}M`
  return tokens >= 1000 ? `${trim(tokens / 1000)}K` : String(tokens)
}

/** One place after the point while it matters. */
const trim = (value: number) => String(value < 10 ? Math.floor(value * 10) / 10 : Math.floor(value))
