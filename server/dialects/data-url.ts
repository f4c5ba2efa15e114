/** First characters of base64 data whose kind nobody named. */
const magic: [string, string][] = [
  ['iVBORw0KGgo', 'image/png'], ['/9j/', 'image/jpeg'], ['R0lGOD', 'image/gif'], ['UklGR', 'image/webp'], ['JVBERi', 'application/pdf'],
]

/** Base64 in the standard alphabet, padded and without white space: Gemini's clients send the URL-safe one. */
export function standardBase64(data: string): string {
  const plain = data.replace(/\s+/g, '').replaceAll('-', '+').replaceAll('_', '/').replace(/=+$/, '')
  return plain + '='.repeat((4 - plain.length % 4) % 4)
}

/** What kind of data it is, by its first bytes. */
export function sniffMime(data: string): string | undefined {
  return magic.find(([start]) => data.startsWith(start))?.[1]
}

/** A data URL in parts, data as standard base64; undefined for any other URL. https://www.rfc-editor.org/rfc/rfc2397 */
export function readDataUrl(url: string): { mime: string | undefined, data: string } | undefined {
  if (!/^data:/i.test(url)) return undefined
  const comma = url.indexOf(',')
  if (comma === -1) return undefined
  const [named = '', ...parameters] = url.slice(5, comma).split(';').map(part => part.trim().toLowerCase())
  const rest = url.slice(comma + 1)
  const data = parameters.includes('base64') ? standardBase64(rest) : Buffer.from(decodeLeniently(rest), 'utf8').toString('base64')
  return { mime: named || sniffMime(data), data }
}

export function writeDataUrl(mime: string, data: string): string {
  return `data:${mime};base64,${data}`
}

function decodeLeniently(text: string): string {
  try {
    return decodeURIComponent(text)
  }
  catch { return text }
}
