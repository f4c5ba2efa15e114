import type { z } from 'zod'
import { useI18n } from 'vue-i18n'

interface Issue { message: string, path: PropertyKey[] }

/**
 * The shared schema of a body, for UForm, with its complaints in the reader's words. The rules stay where they are:
 * only the sentences are ours.
 */
export function useFormSchema() {
  const { t, te } = useI18n()

  function sentence(issue: z.core.$ZodIssue): string {
    const field = String(issue.path.findLast(part => typeof part === 'string') ?? '')
    if (te(`validation.fields.${field}.${issue.code}`)) return t(`validation.fields.${field}.${issue.code}`)
    if (issue.code === 'invalid_type') return t('validation.required')
    if (issue.code === 'too_small') return issue.origin === 'number' ? t('validation.min', { min: String(issue.minimum) }) : t('validation.required')
    if (issue.code === 'too_big') return t(issue.origin === 'number' ? 'validation.max' : issue.origin === 'array' ? 'validation.tooMany' : 'validation.tooLong', { max: String(issue.maximum) })
    if (issue.code === 'unrecognized_keys') return issue.message
    return t('validation.format')
  }

  /** A form that is there with its page gives a way to load its schema: the library of schemas comes with the first check. */
  function formSchema<S extends z.ZodType<object, object>>(schema: S | (() => Promise<S>)) {
    const validate = async (value: unknown) => {
      const rules = typeof schema === 'function' ? await schema() : schema
      const result = await rules.safeParseAsync(value)
      if (result.success) return { value: result.data }
      return { issues: result.error.issues.map((issue): Issue => ({ message: sentence(issue), path: issue.path })) }
    }
    return { '~standard': { version: 1 as const, vendor: 'vapor', validate, types: undefined as unknown as { input: z.input<S>, output: z.output<S> } } }
  }

  return { formSchema }
}
