/** Several processes, one writer: the primary owns the file, the others send it their writes and read for themselves. */
import type { ChildProcess } from 'node:child_process'
import type { Store, StoreDriver } from '../../store'
import { storeUnavailable } from '../unavailable'
import type { Writes } from './jobs'
import { joinStore } from './join'
import { openReader } from './reader'

/** The channel may carry other things: only messages with this mark are ours. */
const MARK = 'vapor-store'

type Call =
  | { mark: typeof MARK, id: number, method: 'commit', args: Parameters<Writes['commit']> }
  | { mark: typeof MARK, id: number, method: 'deleteRange', args: Parameters<Writes['deleteRange']> }

interface Reply {
  mark: typeof MARK
  id: number
  result?: unknown
  failed?: string
  misuse?: boolean
}

/** The end of a channel in a worker process; `process` is one. */
export interface Channel {
  connected: boolean
  send?: (message: unknown, callback: (error: Error | null) => void) => boolean
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'disconnect', listener: () => void): unknown
  off(event: 'message', listener: (message: unknown) => void): unknown
  off(event: 'disconnect', listener: () => void): unknown
}

/** In the primary: carries out the writes a child asks for. Answers leave after the commit is durable. */
export function serveStore(store: Store, child: ChildProcess): void {
  child.on('message', async (message: unknown) => {
    if (!isOurs<Call>(message)) return
    const reply = await carryOut(store, message)
    // A child that has gone meanwhile finds its commit by its once-keys, as after any lost answer.
    if (child.connected) child.send(reply, () => {})
  })
}

async function carryOut(store: Store, call: Call): Promise<Reply> {
  try {
    const result = call.method === 'commit' ? await store.commit(...call.args) : await store.deleteRange(...call.args)
    return { mark: MARK, id: call.id, result }
  }
  catch (error) {
    return { mark: MARK, id: call.id, failed: error instanceof Error ? error.message : String(error), misuse: error instanceof TypeError }
  }
}

/** In a worker process: the store whose writer is the primary. The primary must have opened the file before. */
export function openIpcStore(options: { file: string, channel?: Channel, now?: () => number }): StoreDriver {
  const channel: Channel = options.channel ?? process
  const pending = new Map<number, { resolve: (result: never) => void, reject: (error: unknown) => void }>()
  let lastId = 0

  const onMessage = (message: unknown) => {
    if (!isOurs<Reply>(message)) return
    const waiting = pending.get(message.id)
    pending.delete(message.id)
    if (message.failed === undefined) waiting?.resolve(message.result as never)
    else waiting?.reject(message.misuse ? new TypeError(message.failed) : storeUnavailable(message.failed))
  }
  const fail = (why: string) => {
    for (const one of pending.values()) one.reject(storeUnavailable(why))
    pending.clear()
  }
  const onDisconnect = () => fail('the channel to the primary has closed')
  channel.on('message', onMessage)
  channel.on('disconnect', onDisconnect)

  const call = <T>(request: Pick<Call, 'method' | 'args'>) => new Promise<T>((resolve, reject) => {
    if (!channel.send || !channel.connected) return reject(storeUnavailable('there is no channel to the primary'))
    const id = ++lastId
    pending.set(id, { resolve, reject })
    channel.send({ mark: MARK, id, ...request }, (error) => {
      if (error && pending.delete(id)) reject(storeUnavailable(error))
    })
  })

  const reader = openStoreReader(options.file, options.now)
  return joinStore(reader, {
    commit: (...args) => call({ method: 'commit', args }),
    deleteRange: (...args) => call({ method: 'deleteRange', args }),
  }, async () => {
    channel.off('message', onMessage)
    channel.off('disconnect', onDisconnect)
    fail('the store has been closed')
    await reader.close()
  })
}

function openStoreReader(file: string, now?: () => number) {
  try { return openReader(file, now) }
  catch (error) { throw storeUnavailable(error) }
}

function isOurs<T extends { mark: string }>(message: unknown): message is T {
  return typeof message === 'object' && message !== null && (message as { mark?: unknown }).mark === MARK
}
