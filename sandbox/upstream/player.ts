import type { ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange } from '../http.ts'
import type { Step } from './steps.ts'
import type { RecordedRequest } from './requests.ts'

/** A day is longer than any test; beyond 2^31 ms a timer would fire at once. */
const longestWaitMs = 86_400_000

/** Plays a script on a connection until it ends or the client leaves. Holds no timer after that. */
export async function play(steps: Iterable<Step>, { response, gone }: Exchange, record: RecordedRequest): Promise<void> {
  for (const step of steps) {
    if (gone.aborted) return
    switch (step.do) {
      case 'head':
        response.writeHead(step.status, step.headers)
        response.flushHeaders()
        break
      case 'write':
        await written(response, step.data)
        record.chunks++
        break
      case 'wait':
        if (step.ms > 0) await sleep(Math.min(step.ms, longestWaitMs), undefined, { signal: gone }).catch(() => undefined)
        break
      case 'silence':
        // The connection itself keeps the exchange alive, so that nothing has to be cleared when it goes.
        return
      case 'cut':
        await flushed(response)
        if (!gone.aborted) record.closed = 'finished'
        response.destroy()
        return
      case 'reset':
        record.closed = 'finished'
        response.socket?.resetAndDestroy()
        return
    }
  }
  if (!gone.aborted) response.end()
}

/** Waits for the kernel to take each write: one write is one packet, and a slow reader slows the sandbox down. */
function written(response: ServerResponse, data: string | Uint8Array): Promise<void> {
  return new Promise(resolve => response.write(data, () => resolve()))
}

/** Headers and bodies leave in order, so an empty write tells when all of them have left. */
function flushed({ socket }: ServerResponse): Promise<void> {
  return new Promise(resolve => socket && !socket.destroyed ? socket.write('', () => resolve()) : resolve())
}
