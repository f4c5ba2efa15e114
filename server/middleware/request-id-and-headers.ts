import { defineEventHandler, setResponseHeaders } from 'h3'
import { setPageHeaders } from '#server/utils/page-headers'

/** Names every call and says what a browser may do with the answer. The public protocol has its own way and pays nothing here. */
export default defineEventHandler((event) => {
  const { path } = event
  if (path.startsWith('/v1')) return
  setPageHeaders(event)
  // Pages get a policy of their own with their HTML; data is nothing a browser should ever run or frame.
  if (path.startsWith('/api/') || path.startsWith('/docs/api.json'))
    setResponseHeaders(event, { 'content-security-policy': 'default-src \'none\'; frame-ancestors \'none\'' })
})
