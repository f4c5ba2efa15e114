import type { ChannelReply } from '#shared/schemas/channel'
import { api } from '#shared/schemas/api'

export interface ChannelTestState {
  id: string
  name: string
  /** `waiting` and `running` become one of the others. */
  state: 'waiting' | 'running' | 'ok' | 'failed' | 'skipped'
  message: string
  durationMs: number | null
}

/** Upstreams differ much in speed: a few are asked at a time, so that one that hangs does not hold up the rest. */
const AT_ONCE = 3

/** Tests many channels and tells how far it has come. */
export function useChannelTests(describe: (error: unknown) => string) {
  const rows = ref<ChannelTestState[]>([])
  const running = ref(false)
  let round = 0

  async function test(row: ChannelTestState) {
    row.state = 'running'
    try {
      const { ok, message, durationMs } = await callApi(api.testChannel, { params: { id: row.id }, body: {} })
      Object.assign(row, { state: ok ? 'ok' : 'failed', message: ok ? '' : message, durationMs })
    }
    catch (error) {
      // Nothing leads there yet, so there is nothing to ask it for.
      Object.assign(row, { state: readApiError(error).code === 'invalid_request' ? 'skipped' : 'failed', message: describe(error) })
    }
  }

  async function start(channels: ChannelReply[]) {
    const mine = ++round
    running.value = true
    rows.value = channels.map(({ id, name }) => ({ id, name, state: 'waiting', message: '', durationMs: null }))
    const queue = [...rows.value]
    await Promise.all(Array.from({ length: AT_ONCE }, async () => {
      for (let row = queue.shift(); row && mine === round; row = queue.shift()) await test(row)
    }))
    if (mine === round) running.value = false
  }

  /** Those under way come to their end; no other is begun. */
  function stop() {
    round++
    running.value = false
    for (const row of rows.value) if (row.state === 'waiting') row.state = 'skipped'
  }

  const finished = computed(() => rows.value.filter(row => row.state !== 'waiting' && row.state !== 'running'))
  const of = (id: string) => rows.value.find(row => row.id === id)
  onBeforeUnmount(stop)
  return { rows, running, finished, of, start, stop, clear: () => { rows.value = [] } }
}
