import { describe, expect, it } from 'vitest'
import { isSigned, signFields } from '#server/billing/payments/sign'
import { KEY } from './bench'

const order = {
  name: '充值 10 积分', notify_url: 'https://app.example/api/pay/notify', out_trade_no: 'T20260101ABCDEF', pid: 'test_client_id',
  return_url: 'https://app.example/pay/return?o=T20260101ABCDEF', type: 'epay',
}

describe('the signature', () => {
  it.each([['10.00', '30a16cd4185236474fe3f5ffb532e672'], ['10', '4a8ad083c1b8a2a8eec570af1cbed490'], ['10.0', 'b2a7f53b75bcb7c393cd1a481876b313']])('of an order over %s is %s', (money, expected) => {
    expect(signFields({ ...order, money }, KEY)).toBe(expected)
  })

  it('of a notice is the gateway\'s', () => {
    const fields = { money: '10.00', name: '充值 10 积分', out_trade_no: 'T20260101ABCDEF', pid: 'test_client_id', trade_no: '108086391056891904', trade_status: 'TRADE_SUCCESS', type: 'epay' }
    expect(signFields(fields, KEY)).toBe('1de2fa52f8835ab895cd77a8333174db')
    expect(isSigned({ ...fields, sign: '1DE2FA52F8835AB895CD77A8333174DB', sign_type: 'MD5' }, KEY)).toBe(true)
  })

  it('is that of other clients', () => {
    expect(signFields({ money: 'moneyv', device: 'devicev' }, '1234567')).toBe('3854cc9f022e0fb821bd2e002260245d')
  })

  it('leaves out empty values, and is refused in any other form', () => {
    expect(signFields({ a: '1', b: '' }, KEY)).toBe(signFields({ a: '1' }, KEY))
    const sign = signFields({ a: '1' }, KEY)
    for (const wrong of ['', sign.slice(1), `${sign}0`, ` ${sign}`, sign.replace(/./, sign.startsWith('0') ? '1' : '0'), 'g'.repeat(32)])
      expect(isSigned({ a: '1', sign: wrong }, KEY), wrong).toBe(false)
  })
})
