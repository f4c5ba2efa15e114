import { useI18n } from 'vue-i18n'

/** What went wrong at an upstream, in the words of whoever runs the shop. */
export function useChannelFailure() {
  const { t, te } = useI18n()
  const { describePlain } = useApiError()
  return (code: string): string => te(`channels.failures.${code}`) ? t(`channels.failures.${code}`) : describePlain(code)
}
