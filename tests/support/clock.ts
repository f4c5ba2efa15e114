/**
 * Preloaded into a server whose days must pass within seconds (`NODE_OPTIONS=--import`): each SIGUSR2 puts its clock ten
 * minutes forward, which it says on stdout ("clock 1", "clock 2"). Timers go on in real time, and so does the thread that writes the store: what has expired for the
 * server is still there for it, so nothing that expires should be replaced behind a step.
 */
const STEP_MS = 600_000
const realNow = Date.now
let ahead = 0

Date.now = () => realNow() + ahead
process.on('SIGUSR2', () => {
  ahead += STEP_MS
  process.stdout.write(`clock ${ahead / STEP_MS}\n`)
})
