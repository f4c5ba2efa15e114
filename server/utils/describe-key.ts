import { limitsOf } from '#server/gateway/limits'
import { useRuntime } from '#server/runtime'
import type { KeyState } from '#server/users/keys'
import { toKeyReply } from '#server/users/replies'
import type { KeyReply } from '#shared/schemas/key'

/** Keys as the API shows them, with what they have used of their limits. */
export async function describeKeys(states: KeyState[]): Promise<KeyReply[]> {
  const usages = await useRuntime().keyUsages.read(states.map(({ key }) => ({ id: key.id, spendLimit: key.spendLimit, limits: limitsOf(key) })))
  return states.map((state, index) => toKeyReply(state, usages[index]!))
}

export async function describeKey(state: KeyState): Promise<KeyReply> {
  const [reply] = await describeKeys([state])
  return reply!
}
