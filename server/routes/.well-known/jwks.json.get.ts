import { defineEventHandler, setResponseHeaders } from 'h3'
import { useRuntime } from '#server/runtime'
import { answerError } from '#server/utils/answer-error'

/** The public keys receipts are signed with (RFC 7517), for anybody, pages of other sites included. */
export default defineEventHandler(async (event) => {
  try {
    const keys = await useRuntime().signer.publicKeys()
    setResponseHeaders(event, { 'cache-control': 'public, max-age=300', 'access-control-allow-origin': '*' })
    return keys
  }
  catch (error) {
    return answerError(event, error)
  }
})
