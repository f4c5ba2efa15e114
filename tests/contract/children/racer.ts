/** Books as many holds as it can, through the primary; reports how many it got and what refused the others. */
import { openIpcStore } from '#server/storage/drivers/sqlite/ipc'

const [file = '', name = '', amount = '0', tries = '0'] = process.argv.slice(2)
const by = Number(amount)
const store = openIpcStore({ file })

const results = await Promise.all(Array.from({ length: Number(tries) }, async (_, index) => {
  const hold = `hold_${name}_${index}`
  const result = await store.commit(hold, [
    { add: 'available_u', by: -by, floor: 0 }, { add: 'held_u', by }, { put: hold, value: { amount: by, name } },
  ])
  // What was acknowledged is there for this process's own connection.
  const found = await store.get(hold)
  return { ok: result.ok, reason: result.ok ? '' : result.reason, consistent: result.ok === (found !== undefined) }
}))

process.send!({
  booked: results.filter(result => result.ok).length,
  reasons: [...new Set(results.map(result => result.reason))].sort(),
  consistent: results.every(result => result.consistent),
}, () => process.disconnect())
