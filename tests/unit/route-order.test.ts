import { describe, expect, it } from 'vitest'
import { moveRoute, orderRoutes, placeRoutes, shareLevel } from '~/composables/use-route-order'

const route = (channel: string, priority: number) => ({ channel, upstream: '', priority, weight: 1 })
const shown = (routes: ReturnType<typeof route>[]) => routes.map(({ channel, priority }) => `${channel}${priority}`).join(' ')

describe('the order of routes', () => {
  it('is that of trying them', () => {
    expect(shown(orderRoutes([route('a', 0), route('b', 9), route('c', 0)]))).toBe('b9 a0 c0')
    expect(placeRoutes([route('b', 9), route('a', 0), route('c', 0)]).map(({ level, shares }) => `${level}${shares}`)).toEqual(['1false', '2false', '2true'])
  })

  it('follows a move: the moved one is a level of its own', () => {
    const routes = [route('a', 0), route('b', 0), route('c', 0)]
    expect(shown(moveRoute(routes, 2, 0))).toBe('c1 a0 b0')
    expect(shown(moveRoute(routes, 0, 2))).toBe('b1 c1 a0')
    expect(shown(moveRoute(routes, 0, 1))).toBe('b2 a1 c0')
    expect(moveRoute(routes, 0, -1)).toBe(routes)
    expect(moveRoute(routes, 0, 3)).toBe(routes)
  })

  it('keeps who shared a level together when the first of them leaves', () => {
    expect(shown(moveRoute([route('a', 5), route('b', 5), route('c', 5), route('d', 1)], 0, 3))).toBe('b2 c2 d1 a0')
  })

  it('puts a route on the level above, and takes it off again', () => {
    const routes = [route('a', 7), route('b', 3), route('c', 1)]
    expect(shown(shareLevel(routes, 1, true))).toBe('a1 b1 c0')
    expect(shown(shareLevel([route('a', 1), route('b', 1), route('c', 0)], 1, false))).toBe('a2 b1 c0')
    expect(shown(shareLevel(routes, 0, true))).toBe('a2 b1 c0')
  })
})
