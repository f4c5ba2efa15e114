import { resealChannels } from '#server/catalog/reseal'
import { readConfig } from '#server/config/index'
import { toAppError } from '#server/errors/app-error'
import { resealSigningKey } from '#server/secrets/signing-key'
import { openVault, sealCanary } from '#server/secrets/vault'
import { openStore } from '#server/storage/index'

const { config, fatal } = readConfig(process.env)
if (!config || fatal.length > 0) {
  console.error(fatal.join('\n'))
  process.exit(1)
}
try {
  const store = await openStore(config.VAPOR_STORE, { production: config.production })
  const secrets = { store, vaporSecrets: config.VAPOR_SECRET, jwtSecrets: config.JWT_SECRET, production: config.production }
  const vault = await openVault(secrets)
  const changed = await resealChannels(store, vault)
  await resealSigningKey(store, vault)
  await sealCanary(secrets)
  await store.close()
  console.log(`${changed} channel${changed === 1 ? '' : 's'} encrypted anew. The older secrets are not needed any more.`)
}
catch (error) {
  console.error(toAppError(error).message)
  process.exit(1)
}
