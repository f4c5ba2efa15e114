/** Pages anybody may see and a search engine may list. Those of single models come on top. */
export const publicPages = ['/', '/models', '/status', '/docs'] as const

export function isPublicPage(path: string): boolean {
  return publicPages.some(page => page === path) || path.startsWith('/models/')
}

/** The address of a model's own page; its name may hold slashes. */
export function modelPath(name: string): string {
  return `/models/${name.split('/').map(encodeURIComponent).join('/')}`
}

export function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
