import { defineEventHandler } from 'h3'
import { createOpenApi } from '#server/utils/open-api'

let document: ReturnType<typeof createOpenApi> | undefined

export default defineEventHandler(() => document ??= createOpenApi())
