import type { ErrorReply } from '#shared/schemas/common'
import { useI18n } from 'vue-i18n'

export interface ApiProblem {
  status: number | undefined
  code: string
  message: string
  params: Record<string, unknown>
  requestId: string | undefined
}

/** Reads `{ error: { code, … } }` out of whatever a call has thrown; a broken line is `network`. */
export function readApiError(error: unknown): ApiProblem {
  const thrown = (typeof error === 'object' && error !== null ? error : {}) as { data?: unknown, status?: unknown, statusCode?: unknown, message?: unknown }
  const status = typeof thrown.status === 'number' ? thrown.status : typeof thrown.statusCode === 'number' ? thrown.statusCode : undefined
  if (isErrorReply(thrown.data)) {
    const { code, message, params = {}, requestId } = thrown.data.error
    return { status, code, message, params, requestId }
  }
  return { status, code: status === undefined ? 'network' : 'unknown', message: String(thrown.message ?? ''), params: {}, requestId: undefined }
}

/** By hand: every page reads errors, and few carry the library of schemas. */
function isErrorReply(data: unknown): data is ErrorReply {
  if (typeof data !== 'object' || data === null || !('error' in data) || typeof data.error !== 'object' || data.error === null) return false
  const { code, message, params, requestId } = data.error as Record<string, unknown>
  return typeof code === 'string' && typeof message === 'string' && typeof requestId === 'string' && (params === undefined || (typeof params === 'object' && params !== null))
}

/** Errors of the API in the reader's words. */
export function useApiError() {
  const { t, te } = useI18n()
  const { amount, time } = useFormat()
  const toast = useToast()

  /** Params are data: money gets the reader's digits, times his zone, everything else stays as it came. */
  function readable(params: Record<string, unknown>): Record<string, string> {
    return Object.fromEntries(Object.entries(params).map(([name, value]) => {
      const text = Array.isArray(value) ? value.join(', ') : String(value)
      if (['available', 'needed', 'left'].includes(name) && /^-?\d+\.\d+$/.test(text)) return [name, amount(text)]
      if (name === 'at' && !Number.isNaN(Date.parse(text))) return [name, time(text)]
      if (name === 'kind' && te(`kinds.${text}`)) return [name, t(`kinds.${text}`)]
      if (name === 'state' && te(`orderStates.${text}.name`)) return [name, t(`orderStates.${text}.name`)]
      return [name, text]
    }))
  }

  /** Words for a code and its params; a code nobody has translated yet falls back. */
  function describeCode(code: string, params: Record<string, unknown> = {}, fallback = code): string {
    const known = te(`errors.${code}`)
    if (!known) return fallback
    return t(`errors.${code}`, readable(params))
  }

  /** Words for a code whose params nobody has kept, as on a request in a list. */
  function describePlain(code: string): string {
    return te(`errors.plain.${code}`) ? t(`errors.plain.${code}`) : describeCode(code)
  }

  /** Words for a code with those of its params that are numbers, as they stand in an address anybody may have written. */
  function describeNumbers(code: string, query: Record<string, unknown>): string {
    const numbers = Object.entries(query).filter(([, value]) => typeof value === 'string' && /^\d{1,9}$/.test(value))
    return numbers.length > 0 ? describeCode(code, Object.fromEntries(numbers), describePlain(code)) : describePlain(code)
  }

  function describe(error: unknown): string {
    const problem = readApiError(error)
    if (problem.code === 'unknown') return t('errors.unknown', { status: problem.status ?? '?' })
    return describeCode(problem.code, problem.params, problem.message)
  }

  function toastError(error: unknown) {
    const { requestId } = readApiError(error)
    toast.add({
      title: describe(error),
      ...(requestId ? { description: t('common.requestId', { id: requestId }) } : {}),
      color: 'error',
      icon: 'i-lucide-circle-alert',
    })
  }

  return { describe, describeCode, describePlain, describeNumbers, toastError }
}
