import { defineEventHandler, setResponseHeader } from 'h3'
import { useConfig } from '#server/config'

/** Search engines read the public pages; the rest is somebody's own. */
export default defineEventHandler((event) => {
  setResponseHeader(event, 'content-type', 'text/plain; charset=utf-8')
  const { publicOrigin } = useConfig()
  const closed = ['/console', '/admin', '/login', '/api/', '/v1/', '/v1beta/'].map(path => `Disallow: ${path}`)
  return ['User-agent: *', ...closed, ...(publicOrigin ? ['', `Sitemap: ${publicOrigin}/sitemap.xml`] : []), ''].join('\n')
})
