import { AppError } from '#server/errors/app-error'

/** In place of `local.ts` on EdgeOne Pages: its disk and memory are gone with the process, and it gives no connections but HTTP. */
export async function openLocal(scheme: string): Promise<undefined> {
  const known = ['sqlite', 'memory', 'redis', 'rediss', 'postgres', 'postgresql'].includes(scheme)
  if (known) throw new AppError('configuration', { problem: `VAPOR_STORE names ${scheme}, which would lose all balances on EdgeOne Pages. Take the variable away: the store there is edgeone-kv.` })
}
