import type { Redis } from 'ioredis'
import { AppError } from '#server/errors/app-error'

const OLDEST = [6, 2] as const

/**
 * Refuses a server money must not be kept on and warns of what may lose the last second. Reads INFO
 * (https://redis.io/docs/latest/commands/info/), which managed servers allow where they refuse CONFIG.
 */
export async function checkServer(client: Redis, warn: (sentence: string) => void): Promise<void> {
  const info = readInfo(await client.info())
  const refuse = (problem: string): never => { throw new AppError('configuration', { problem }) }
  const [major = 0, minor = 0] = (info['redis_version'] ?? '').split('.').map(Number)
  if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]))
    refuse(`VAPOR_STORE names Redis ${info['redis_version']}; use ${OLDEST.join('.')} or newer.`)
  if (info['cluster_enabled'] === '1')
    refuse('VAPOR_STORE names a Redis Cluster. A commit of Vapor spans several keys and needs one primary: use a Redis without cluster mode, with a replica if you like.')
  if (info['role'] !== 'master')
    refuse('VAPOR_STORE names a replica of Redis. Name the primary.')
  if (info['maxmemory_policy'] !== undefined && info['maxmemory_policy'] !== 'noeviction')
    refuse(`VAPOR_STORE names a Redis that throws keys away when its memory is full (maxmemory-policy ${info['maxmemory_policy']}): balances would vanish. Set maxmemory-policy noeviction.`)
  if (info['aof_enabled'] !== '1')
    refuse('VAPOR_STORE names a Redis that writes no append-only file: a restart would lose balances. Set appendonly yes.')
  const fsync = await readFsync(client)
  if (fsync !== 'always')
    warn(`Redis writes to disk ${fsync === undefined ? 'by a rule it does not tell' : `with appendfsync ${fsync}`}: a power cut may lose what was booked in the last second. Set appendfsync always to rule that out.`)
}

async function readFsync(client: Redis): Promise<string | undefined> {
  try {
    const [, value] = await client.config('GET', 'appendfsync') as string[]
    return value
  }
  catch { return undefined }
}

/** `name:value` lines; headings begin with #. */
function readInfo(text: string): Record<string, string> {
  const lines = text.split(/\r?\n/).filter(line => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(lines.map(line => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]))
}
