import type { ManyReply } from '#shared/schemas/catalogue'
import { useI18n } from 'vue-i18n'

/** Says how a change of many at once went. */
export function useMany() {
  const { t } = useI18n()
  const toast = useToast()

  return (reply: ManyReply, done: string) => {
    if (reply.done > 0) toast.add({ title: done, color: 'success', icon: 'i-lucide-check' })
    if (reply.refused.length > 0) {
      toast.add({ title: t('common.refusedMany', { n: reply.refused.length }), description: reply.refused[0]?.problem ?? '', color: 'error', icon: 'i-lucide-circle-alert' })
    }
  }
}
