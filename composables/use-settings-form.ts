import type { SettingGroupName, SettingsPut, SettingsReply } from '#shared/schemas/settings'
import { api } from '#shared/schemas/api'

type SettingsOf<Name extends SettingGroupName> = SettingsReply[Name]['settings']

/**
 * One group of settings in a form of its own. When somebody else has saved in between, both states are kept side by side
 * until one is chosen.
 */
export function useSettingsForm<Name extends SettingGroupName>(group: Name, reply: () => SettingsReply, saved: (reply: SettingsReply) => void) {
  const version = ref(reply()[group].version)
  const form = reactive(structuredClone(toRaw(reply()[group].settings))) as SettingsOf<Name>
  const theirs = shallowRef<SettingsReply>()
  const { toastError } = useApiError()

  function take(next: SettingsReply) {
    version.value = next[group].version
    Object.assign(form, structuredClone(toRaw(next[group].settings)))
    theirs.value = undefined
  }
  watch(() => reply()[group].version, () => {
    if (reply()[group].version !== version.value && !theirs.value) take(reply())
  })

  const { pending, run: save } = usePending(async (settings: SettingsOf<Name>) => {
    try {
      const next = await callApi(api.putSettings, { body: { group, version: version.value, settings } as SettingsPut })
      take(next)
      saved(next)
    }
    catch (error) {
      if (readApiError(error).code === 'changed_meanwhile') theirs.value = await callApi(api.getSettings)
      else toastError(error)
    }
  })

  /** Saves over what the other admin has written, now that it was seen. */
  async function overwrite(settings: SettingsOf<Name>) {
    if (!theirs.value) return
    version.value = theirs.value[group].version
    theirs.value = undefined
    await save(settings)
  }

  function takeTheirs() {
    const next = theirs.value
    if (!next) return
    take(next)
    saved(next)
  }

  return { form, pending, theirs, save, overwrite, takeTheirs }
}
