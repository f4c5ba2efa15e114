import { mountSuspended, registerEndpoint } from '@nuxt/test-utils/runtime'
import { describe, expect, it, vi } from 'vitest'
import { createError } from 'h3'
import UiRequestReceipt from '~/components/ui/RequestReceipt.vue'

const signed = { receipt: { request: 'req_a', formula: '(12 × 3) ÷ 1000000 = 0.000036' }, protected: 'p', payload: 'q', signature: 's' }

describe('the receipt of a request', () => {
  it('is fetched when asked for, shown as a sum, and saved as it was signed', async () => {
    registerEndpoint('/api/user/requests/req_a/receipt', () => signed)
    const page = await mountSuspended(UiRequestReceipt, { props: { request: 'req_a', admin: false } })
    expect(page.find('[data-testid="receipt-formula"]').exists()).toBe(false)
    await page.find('button').trigger('click')
    await vi.waitFor(() => expect(page.find('[data-testid="receipt-formula"]').text()).toBe(signed.receipt.formula))

    const saved: Blob[] = []
    const create = vi.spyOn(URL, 'createObjectURL').mockImplementation((blob) => {
      saved.push(blob as Blob)
      return 'blob:receipt'
    })
    await page.find('button').trigger('click')
    create.mockRestore()
    expect(JSON.parse(await saved[0]!.text())).toEqual(signed)

    await page.setProps({ request: 'req_b' })
    expect(page.find('[data-testid="receipt-formula"]').exists()).toBe(false)
  })

  it('of an admin comes from the admin\'s side, and a refusal leaves the button', async () => {
    registerEndpoint('/api/admin/requests/req_c/receipt', () => {
      throw createError({ statusCode: 404, data: { error: { code: 'record_not_found', message: 'gone', params: { kind: 'request' }, requestId: 'req_x' } } })
    })
    const page = await mountSuspended(UiRequestReceipt, { props: { request: 'req_c', admin: true } })
    await page.find('button').trigger('click')
    await vi.waitFor(() => expect(page.find('button').attributes('disabled')).toBeUndefined())
    expect(page.find('[data-testid="receipt-formula"]').exists()).toBe(false)
    expect(page.findAll('button')).toHaveLength(1)
  })
})
