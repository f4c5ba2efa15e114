import type { OrderCreated, OrderReply, TopUpInfo } from '#shared/schemas/payment'
import { api } from '#shared/schemas/api'
import { gatewayMoneyRule } from '#shared/schemas/plain-rules'

export type AmountProblem = 'empty' | 'format' | 'min' | 'max'

export interface TopUpQuote {
  /** As the API takes it: no leading zeros, no dangling point. */
  money: string
  /** Credits, exact text; null while the amount cannot be ordered. */
  result: { credit: string, bonus: string, total: string } | null
  problem: AmountProblem | null
}

/** What the typed amount would buy, or what is wrong with it. */
export function quoteOf(text: string, info: Pick<TopUpInfo, 'min' | 'max' | 'rate' | 'tiers' | 'firstBonus'>): TopUpQuote {
  const money = plainDecimal(text)
  if (money === '') return { money, result: null, problem: 'empty' }
  const cents = gatewayMoneyRule.test(money) ? parseNano(money) : undefined
  if (cents === undefined) return { money, result: null, problem: 'format' }
  if (cents < (parseNano(info.min) ?? 0n)) return { money, result: null, problem: 'min' }
  if (cents > (parseNano(info.max) ?? 0n)) return { money, result: null, problem: 'max' }
  const bought = topUpOf(money, info)
  if (!bought) return { money, result: null, problem: 'format' }
  const { credit, bonus } = bought
  return { money, result: { credit: formatNano(credit), bonus: formatNano(bonus), total: formatNano(credit + bonus) }, problem: null }
}

/** What an order is worth to its user: credit and bonus together. */
export function worthOf(order: Pick<OrderReply, 'credit' | 'bonus'>): string {
  return formatNano((parseNano(order.credit) ?? 0n) + (parseNano(order.bonus) ?? 0n))
}

/** Leaves for the gateway in this tab: its submit page takes a form, posted by the browser of the payer itself. */
export function postForm({ action, method, fields }: OrderCreated['form']): void {
  const form = document.createElement('form')
  form.action = action
  form.method = method
  form.hidden = true
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement('input')
    input.type = 'hidden'
    input.name = name
    input.value = value
    form.append(input)
  }
  document.body.append(form)
  form.submit()
}

/** Makes an order and goes to pay it. `pending` stays true while the browser is on its way out. */
export function usePay() {
  const { toastError } = useApiError()
  const { keyFor, renew } = useIdempotencyKey()
  const pending = ref(false)

  async function pay(body: { money: string, type?: string }): Promise<void> {
    if (pending.value) return
    pending.value = true
    try {
      const { form } = await callApi(api.createOrder, { body, idempotencyKey: keyFor(body) })
      // The gateway takes each order number once: paying again later is another order.
      renew()
      postForm(form)
    }
    catch (error) {
      pending.value = false
      toastError(error)
    }
  }

  // Going back brings the page back as it was left, with its button still turning.
  const wake = (event: PageTransitionEvent) => {
    if (event.persisted) pending.value = false
  }
  onMounted(() => window.addEventListener('pageshow', wake))
  onBeforeUnmount(() => window.removeEventListener('pageshow', wake))

  return { pay, pending }
}
