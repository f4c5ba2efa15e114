import { describe, expect, it } from 'vitest'
import { emptyAdminFilters, queryOfAdminFilters, readAdminFilters, requestIdIn, writeAdminFilters } from '~/composables/use-admin-requests'

describe('the filters of all requests', () => {
  it('go into the address and come back', () => {
    const filters = { ...emptyAdminFilters(), user: '42', channel: 'main', model: 'gpt-5', outcome: 'failed' as const, range: 'day' as const, key: 'key_a' }
    expect(writeAdminFilters(filters)).toEqual({ user: '42', channel: 'main', model: 'gpt-5', outcome: 'failed', range: 'day', key: 'key_a' })
    expect(readAdminFilters(writeAdminFilters(filters))).toEqual(filters)
    expect(writeAdminFilters(emptyAdminFilters())).toEqual({})
  })

  it('ask for nothing the API would refuse', () => {
    const typed = { ...emptyAdminFilters(), user: ' 42 ' }
    expect(queryOfAdminFilters(typed, 0)).toEqual({ outcome: 'all', user: '42' })
    for (const user of ['', '0', 'neo', '4 2', 'req_0123456789']) expect(queryOfAdminFilters({ ...typed, user }, 0), user).toEqual({ outcome: 'all' })
    expect(readAdminFilters({ user: '../x', channel: '<b>', key: 'A B', outcome: 'odd', range: ['day'] })).toEqual(emptyAdminFilters())
  })

  it('end the last hour where the list was asked for', () => {
    expect(queryOfAdminFilters({ ...emptyAdminFilters(), range: 'hour' }, Date.UTC(2026, 0, 1, 1))).toEqual({ outcome: 'all', from: '2026-01-01T00:00:00.000Z' })
  })

  it('know the number of a request from the id of a user', () => {
    expect(requestIdIn(' req_01m8383d0225 ')).toBe('req_01m8383d0225')
    for (const text of ['42', 'req_', 'req_a-b', 'x req_01']) expect(requestIdIn(text), text).toBeUndefined()
  })
})
