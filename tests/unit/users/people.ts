import type { Person } from '#server/users/connect-person'

export function person(id: string, change: Partial<Person> = {}): Person {
  return { id, username: `user${id}`, name: '', avatar: '', trustLevel: 2, active: true, silenced: false, ...change }
}

/** A watch nobody polls: what a process tells itself. */
export function createFeed() {
  const listeners: Record<string, (() => void)[]> = { auth: [], catalogue: [] }
  return {
    on: (name: string, listener: () => void) => {
      listeners[name]?.push(listener)
      return () => {}
    },
    touch: (name: string) => listeners[name]?.forEach(listener => listener()),
  }
}
