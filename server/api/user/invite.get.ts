import { useRuntime } from '#server/runtime'
import { defineApi } from '#server/utils/define-api'
import { api } from '#shared/schemas/api'
import { formatNano } from '#shared/utils/money'

export default defineApi(api.invite, async ({ user }) => {
  const { invitations, invites, paymentSettings } = useRuntime()
  const [code, tally, { inviteCredit, inviteCap }] = await Promise.all([invites.codeOf(user.id), invitations.tallyOf(user.id), paymentSettings.read()])
  return { code, reward: inviteCap > 0 ? inviteCredit : '0', cap: inviteCap, invited: tally.invited, rewarded: tally.rewarded, earned: formatNano(tally.earned) }
})
