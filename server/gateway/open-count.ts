import type { Reply } from './reply'
import type { Relay } from './relay'

const LOOK_EVERY_MS = 50

/** The relay, with a count of the requests that run in this process now: a stream counts until it is settled. */
export function countOpen(inner: Relay) {
  let open = 0

  const relay: Relay = async (path, call) => {
    open++
    let reply: Reply | undefined
    try {
      reply = await inner(path, call)
      return reply.body instanceof Uint8Array ? reply : { ...reply, body: counted(reply.body) }
    }
    finally {
      if (!reply || reply.body instanceof Uint8Array) open--
    }
  }

  async function* counted(frames: AsyncGenerator<Uint8Array>): AsyncGenerator<Uint8Array> {
    try {
      yield* frames
    }
    finally { open-- }
  }

  return {
    relay,
    openRequests: () => open,
    /** Resolves when nothing runs any more, or after `patienceMs`. */
    async drain(patienceMs: number): Promise<void> {
      const until = Date.now() + patienceMs
      while (open > 0 && Date.now() < until) await new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
    },
  }
}
