import type { Config } from './index'

export interface Log {
  /** `cause` adds its stack and those of its causes. Never pass bodies, headers, credentials or URLs of upstreams. */
  error(message: string, cause?: unknown): void
  info(message: string): void
}

/** One line a message on standard output or error, with the time, so that any collector can read it. */
export function createLog(level: Config['VAPOR_LOG']): Log {
  return {
    error(message, cause) {
      if (level !== 'silent') process.stderr.write(`${new Date().toISOString()} error ${message}${describe(cause)}\n`)
    },
    info(message) {
      if (level === 'info') process.stdout.write(`${new Date().toISOString()} info ${message}\n`)
    },
  }
}

/** Stacks say where, names say what; the texts of foreign errors may hold what they were given. */
function describe(cause: unknown, depth = 0): string {
  if (cause === undefined || depth > 3) return ''
  if (!(cause instanceof Error)) return `: ${typeof cause}`
  return `\n  ${cause.stack ?? `${cause.name}: ${cause.message}`}${describe(cause.cause, depth + 1)}`
}
