import { defineEventHandler, setResponseHeader, setResponseStatus } from 'h3'
import { findRuntime } from '#server/runtime'
import type { NotReady } from '#server/ops/ready'

/** 200 when this instance should get requests, else 503 with what is wrong. */
export default defineEventHandler(async (event) => {
  const problems: NotReady[] = await findRuntime()?.notReady() ?? ['starting']
  setResponseHeader(event, 'cache-control', 'no-store')
  setResponseStatus(event, problems.length === 0 ? 200 : 503)
  return { ready: problems.length === 0, problems }
})
