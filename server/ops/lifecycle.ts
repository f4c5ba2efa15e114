/** Where this process stands between its start and its end. One per process, because a process ends once. */
let draining = false

/** True from the signal to stop on: balancers are told to look elsewhere, whoever comes is still served. */
export const isDraining = (): boolean => draining

export function startDraining(): void {
  draining = true
}
