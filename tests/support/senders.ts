/** Senders of one notice in processes of their own, so that nothing in this one puts their calls in order. */
import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** What each of the senders does: waits for the moment, then calls the address so often at once, and prints the answers. */
const SENDER = `
const [, url, at, times] = process.argv
setTimeout(async () => {
  const answers = await Promise.all(Array.from({ length: Number(times) }, () => fetch(url).then(answer => answer.text())))
  console.log(JSON.stringify(answers))
}, Number(at) - Date.now())`

/** Time for the processes to start. */
const START_MS = 1500

/** Every answer there was. Throws when a sender fails. */
export async function sendFromProcesses(url: string, processes: number, times: number): Promise<string[]> {
  const at = Date.now() + START_MS
  const answers = await Promise.all(Array.from({ length: processes }, async () => {
    const child = spawn(process.execPath, ['-e', SENDER, url, String(at), String(times)], { stdio: ['ignore', 'pipe', 'inherit'] })
    return JSON.parse(await text(child.stdout)) as string[]
  }))
  return answers.flat()
}
