import { z } from 'zod'
import { loginInfo, loginQuery, me } from './auth'
import { channelCreate, channelList, channelPut, channelReply, channelTest, channelTestReply, upstreamModels } from './channel'
import { doneReply, pageQuery, recordId, userId } from './common'
import { keyCreate, keyCreated, keyList, keyPatch, keyReply } from './key'
import { modelCreate, modelList, modelPut, modelReply, publicModelList } from './model'
import { adminRequestList, adminRequestQuery } from './request'
import { entryList, statsQuery, statsReply, usageQuery, usageReply } from './usage'
import { auditList, userList, userPut, userQuery, userReply } from './user'

export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path as in OpenAPI: `/api/user/keys/{key}`. */
  path: string
  summary: string
  access: 'public' | 'user' | 'admin'
  params?: z.ZodObject
  query?: z.ZodType
  body?: z.ZodType
  /** Absent: the answer is a redirect. */
  reply?: z.ZodType
  /** Makes something or moves money: takes an `Idempotency-Key` header, a repeat changes nothing. */
  idempotent?: true
}

const define = <const T extends Record<string, Operation>>(operations: T): T => operations

const key = z.object({ key: recordId })
const id = z.object({ id: recordId })
const uid = z.object({ uid: userId })

/** Every JSON operation of the consoles. Handlers, pages and `/docs/api.json` are made from this table. */
export const api = define({
  login: { method: 'GET', path: '/api/auth/login', summary: 'Start of the OAuth sign-in', access: 'public', query: loginQuery },
  loginCallback: { method: 'GET', path: '/api/auth/callback', summary: 'End of the OAuth sign-in', access: 'public' },
  loginInfo: { method: 'GET', path: '/api/auth/info', summary: 'What the login page needs to know', access: 'public', reply: loginInfo },
  logout: { method: 'POST', path: '/api/auth/logout', summary: 'Sign out here, or everywhere', access: 'public', body: z.strictObject({ everywhere: z.boolean().default(false) }), reply: doneReply },
  me: { method: 'GET', path: '/api/auth/me', summary: 'The user of this session', access: 'user', reply: me },

  listPublicModels: { method: 'GET', path: '/api/models', summary: 'Models on sale and their prices', access: 'public', reply: publicModelList },

  listKeys: { method: 'GET', path: '/api/user/keys', summary: 'Your keys', access: 'user', query: pageQuery, reply: keyList },
  createKey: { method: 'POST', path: '/api/user/keys', summary: 'Make a key; its secret is in this reply only', access: 'user', body: keyCreate, reply: keyCreated, idempotent: true },
  changeKey: { method: 'PATCH', path: '/api/user/keys/{key}', summary: 'Rename, limit, switch on or off', access: 'user', params: key, body: keyPatch, reply: keyReply },
  deleteKey: { method: 'DELETE', path: '/api/user/keys/{key}', summary: 'Delete a key for good', access: 'user', params: key, reply: doneReply },
  usage: { method: 'GET', path: '/api/user/usage', summary: 'Totals, days and requests', access: 'user', query: usageQuery, reply: usageReply },
  listEntries: { method: 'GET', path: '/api/user/entries', summary: 'Your ledger entries, newest first', access: 'user', query: pageQuery, reply: entryList },

  listChannels: { method: 'GET', path: '/api/admin/channels', summary: 'Channels', access: 'admin', query: pageQuery, reply: channelList },
  createChannel: { method: 'POST', path: '/api/admin/channels', summary: 'Connect a channel', access: 'admin', body: channelCreate, reply: channelReply, idempotent: true },
  putChannel: { method: 'PUT', path: '/api/admin/channels/{id}', summary: 'Change a channel', access: 'admin', params: id, body: channelPut, reply: channelReply },
  deleteChannel: { method: 'DELETE', path: '/api/admin/channels/{id}', summary: 'Remove a channel and its routes', access: 'admin', params: id, reply: doneReply },
  testChannel: { method: 'POST', path: '/api/admin/channels/{id}/test', summary: 'Ask the upstream for a few tokens', access: 'admin', params: id, body: channelTest, reply: channelTestReply },
  listUpstreamModels: { method: 'GET', path: '/api/admin/channels/{id}/models', summary: 'The models the upstream offers', access: 'admin', params: id, reply: upstreamModels },

  listModels: { method: 'GET', path: '/api/admin/models', summary: 'Models, on sale or not', access: 'admin', query: pageQuery, reply: modelList },
  createModel: { method: 'POST', path: '/api/admin/models', summary: 'Put a model on sale', access: 'admin', body: modelCreate, reply: modelReply, idempotent: true },
  putModel: { method: 'PUT', path: '/api/admin/models/{id}', summary: 'Change a model', access: 'admin', params: id, body: modelPut, reply: modelReply },
  deleteModel: { method: 'DELETE', path: '/api/admin/models/{id}', summary: 'Take a model off sale for good', access: 'admin', params: id, reply: doneReply },

  listUsers: { method: 'GET', path: '/api/admin/users', summary: 'Users, newest first, or by id or beginning of the name', access: 'admin', query: userQuery, reply: userList },
  getUser: { method: 'GET', path: '/api/admin/users/{uid}', summary: 'One user', access: 'admin', params: uid, reply: userReply },
  putUser: { method: 'PUT', path: '/api/admin/users/{uid}', summary: 'Status, note, discount, limits, adjustment of the balance', access: 'admin', params: uid, body: userPut, reply: userReply, idempotent: true },
  listUserEntries: { method: 'GET', path: '/api/admin/users/{uid}/entries', summary: 'Ledger entries of one user, newest first', access: 'admin', params: uid, query: pageQuery, reply: entryList },
  listRequests: { method: 'GET', path: '/api/admin/requests', summary: 'Requests of everybody', access: 'admin', query: adminRequestQuery, reply: adminRequestList },
  stats: { method: 'GET', path: '/api/admin/stats', summary: 'Money and traffic by day, model, channel and user', access: 'admin', query: statsQuery, reply: statsReply },
  listAudit: { method: 'GET', path: '/api/admin/audit', summary: 'What admins changed, newest first', access: 'admin', query: pageQuery, reply: auditList },
})

export type Api = typeof api
