import { defineEventHandler } from 'h3'

/** The process lives and its loop turns; says nothing of the store. */
export default defineEventHandler(() => 'ok')
