/** Entry of the writer thread: the only place where the store file is written. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import type { Job, Outcome } from './jobs'
import { createWriter } from './writer'
import type { Writer, WriterSettings } from './writer'

export type ToThread = { id: number, job: Job } | { close: true }
export type FromThread = { ready: WriterSettings } | { broken: string } | { answers: [id: number, outcome: Outcome][] }

/** Bounds the time one transaction takes; what is over waits for the next. */
const GROUP_MAX = 512

const port = parentPort!

function serve(writer: Writer): void {
  port.on('message', (first: ToThread) => {
    const waiting = drain(first)
    const jobs = waiting.filter(message => 'job' in message)
    if (jobs.length > 0) {
      const outcomes = writer.applyGroup(jobs.map(message => message.job))
      answer({ answers: jobs.map((message, index) => [message.id, outcomes[index]!]) })
    }
    if (jobs.length < waiting.length) {
      writer.close()
      port.close()
    }
  })
  answer({ ready: writer.settings() })
}

/** Everything that came while the last group was written makes the next one: no timer adds to a lone commit. */
function drain(first: ToThread): ToThread[] {
  const waiting = [first]
  while (waiting.length < GROUP_MAX) {
    const next = receiveMessageOnPort(port) as { message: ToThread } | undefined
    if (!next) break
    waiting.push(next.message)
  }
  return waiting
}

function answer(message: FromThread): void {
  port.postMessage(message)
}

try {
  serve(createWriter({ file: (workerData as { file: string }).file }))
}
catch (error) {
  answer({ broken: error instanceof Error ? error.message : String(error) })
}
