/** A route as it is stored, or as it is typed. */
interface Prioritised { priority: number }

/** A route in its place, and whether it is on the level of the one above it. */
export interface PlacedRoute<R extends Prioritised> {
  route: R
  level: number
  shares: boolean
}

/** Routes in the order they are tried: by priority, those alike as they were made. */
export function orderRoutes<R extends Prioritised>(routes: R[]): R[] {
  return routes.map((route, index) => ({ route, index })).sort((a, b) => b.route.priority - a.route.priority || a.index - b.index).map(({ route }) => route)
}

export function placeRoutes<R extends Prioritised>(routes: R[]): PlacedRoute<R>[] {
  let level = 0
  return routes.map((route, index) => {
    const shares = index > 0 && routes[index - 1]!.priority === route.priority
    if (!shares) level++
    return { route, level, shares }
  })
}

/**
 * Priorities that keep the given order: the last level is 0, each above it one more. `shares` says who stands on the level
 * of the one above; the first never does.
 */
function numberLevels<R extends Prioritised>(routes: { route: R, shares: boolean }[]): R[] {
  const levels = routes.reduce((count, { shares }, index) => count + (shares && index > 0 ? 0 : 1), 0)
  let priority = levels
  return routes.map(({ route, shares }, index) => {
    if (!shares || index === 0) priority--
    return { ...route, priority }
  })
}

/** Moves a route to another place, where it is a level of its own. */
export function moveRoute<R extends Prioritised>(routes: R[], from: number, to: number): R[] {
  const placed = placeRoutes(routes)
  const moved = placed[from]
  if (!moved || to < 0 || to >= routes.length || from === to) return routes
  // Whoever shared its level stays on it: the next one becomes the first of that level.
  const next = placed[from + 1]
  if (next && !moved.shares) next.shares = false
  const rest = placed.filter((_, index) => index !== from)
  const after = rest[to]
  if (after) after.shares = false
  rest.splice(to, 0, { ...moved, shares: false })
  return numberLevels(rest)
}

/** Puts a route on the level of the one above it, or gives it one of its own. */
export function shareLevel<R extends Prioritised>(routes: R[], index: number, shares: boolean): R[] {
  return numberLevels(placeRoutes(routes).map((placed, other) => other === index ? { ...placed, shares } : placed))
}
