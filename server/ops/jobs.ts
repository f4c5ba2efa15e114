/** Work nobody waits for: done by a clock where there is one, else by whoever passes, or by a call from outside. */
export interface Job {
  name: string
  /** Bounded, and right when two do it at once. */
  run(): Promise<unknown>
}

export type Jobs = ReturnType<typeof createJobs>

const DUE_MS = 60_000

export interface JobsOptions {
  onError: (error: unknown) => void
  now?: () => number
}

export function createJobs({ onError, now = Date.now }: JobsOptions) {
  const jobs: Job[] = []
  let running: Promise<{ job: string, done: boolean }[]> | undefined
  let begun = -Infinity

  async function runEach() {
    const results: { job: string, done: boolean }[] = []
    for (const job of jobs) {
      const done = await job.run().then(() => true, (error: unknown) => {
        onError(error)
        return false
      })
      results.push({ job: job.name, done })
    }
    return results
  }

  /** Does all of them, one after another; one that fails keeps none of the others. Who comes meanwhile waits for the same round. */
  function runAll(): Promise<{ job: string, done: boolean }[]> {
    begun = now()
    running ??= runEach().finally(() => { running = undefined })
    return running
  }

  return {
    add: (...more: Job[]) => void jobs.push(...more),
    runAll,
    /** Does all of them when nobody has begun within the last minute, and waits for them at most `patienceMs`. */
    async runDue(patienceMs: number): Promise<void> {
      if (now() - begun < DUE_MS) return
      let timer: NodeJS.Timeout | undefined
      await Promise.race([runAll(), new Promise<void>((resolve) => { timer = setTimeout(resolve, patienceMs) })])
      clearTimeout(timer)
    },
  }
}
