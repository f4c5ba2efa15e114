import { defineEventHandler, setResponseHeader, setResponseStatus } from 'h3'
import { useRuntime } from '#server/runtime'
import { escapeMarkup, modelPath, publicPages } from '#server/utils/public-pages'

/** More addresses than this a sitemap must not have (https://www.sitemaps.org/protocol.html). */
const ADDRESSES_MAX = 50_000

/** The public pages and those of the models on sale. Without FRONTEND_URL nobody knows their addresses. */
export default defineEventHandler(async (event) => {
  const { config, catalog } = useRuntime()
  if (!config.publicOrigin) {
    setResponseStatus(event, 404)
    return ''
  }
  const paths = [...publicPages, ...(await catalog.listOnSale()).map(model => modelPath(model.name))].slice(0, ADDRESSES_MAX)
  setResponseHeader(event, 'content-type', 'application/xml; charset=utf-8')
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">',
    ...paths.map(path => `  <url><loc>${escapeMarkup(config.publicOrigin + path)}</loc></url>`),
    '</urlset>',
    '',
  ].join('\n')
})
