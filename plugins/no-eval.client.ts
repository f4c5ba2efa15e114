/**
 * The pages forbid code made from text, and zod tries once whether it may: the try is refused and reported as a breach.
 * Said here it does not try. It must be said before the first schema is made, so not in the plugin but beside it.
 */
const shared = globalThis as { __zod_globalConfig?: { jitless?: boolean } }
shared.__zod_globalConfig = { ...shared.__zod_globalConfig, jitless: true }

export default defineNuxtPlugin({ name: 'no-eval' })
