import { z } from 'zod'
import { alertList } from './alert'
import { announcementCreate, announcementList, announcementPut, announcementReply, siteInfo } from './announcement'
import { loginInfo, loginQuery, me } from './auth'
import { booksQuery, booksReply, booksState } from './books'
import { channelOffer, channelOfferReply, manyEnabled, manyReply, modelsPriced } from './catalogue'
import { channelCreate, channelList, channelPut, channelReply, channelTest, channelTestReply, channelTraffic, channelTrafficQuery, credentialsPatch, upstreamModels } from './channel'
import { doneReply, pageQuery, recordId, userId } from './common'
import { batchCreate, batchCreated, batchList, batchPut, batchReply, codeRedeem, codeRedeemed, invitedList, inviteInfo } from './code'
import { configuration, configurationExport, configurationImport, importReply } from './configuration'
import { docsReply } from './docs'
import { doctorQuery, doctorReply } from './doctor'
import { keyCreate, keyCreated, keyList, keyPatch, keyReply, keyRotate, playgroundKey } from './key'
import { modelCreate, modelList, modelPut, modelReply, publicModelList, publicModelQuery } from './model'
import { adminOrderDetail, adminOrderList, adminOrderQuery, orderComplete, orderCreate, orderCreated, orderId, orderList, orderQuery, orderReason, orderReply, paymentSettingsPut, paymentSettingsReply, paymentsOverview, paymentsSelfTest, topUpInfo, tradeNo } from './payment'
import { signedReceipt } from './receipt'
import { adminRequest, adminRequestList, adminRequestQuery, ownRequestQuery, requestDetail, requestList } from './request'
import { settingsPut, settingsReply } from './settings'
import { statusQuery, statusReply } from './status'
import { entryList, spendingQuery, spendingReply, statsQuery, statsReply, usageQuery, usageReply } from './usage'
import { auditList, auditQuery, userList, userPut, userQuery, userReply } from './user'

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
const order = z.object({ id: orderId })

/** Every JSON operation of the consoles. Handlers, pages and `/docs/api.json` are made from this table. */
export const api = define({
  login: { method: 'GET', path: '/api/auth/login', summary: 'Start of the OAuth sign-in', access: 'public', query: loginQuery },
  loginCallback: { method: 'GET', path: '/api/auth/callback', summary: 'End of the OAuth sign-in', access: 'public' },
  loginInfo: { method: 'GET', path: '/api/auth/info', summary: 'What the login page needs to know', access: 'public', reply: loginInfo },
  logout: { method: 'POST', path: '/api/auth/logout', summary: 'Sign out here, or everywhere', access: 'public', body: z.strictObject({ everywhere: z.boolean().default(false) }), reply: doneReply },
  me: { method: 'GET', path: '/api/auth/me', summary: 'The user of this session', access: 'user', reply: me },

  listPublicModels: { method: 'GET', path: '/api/models', summary: 'Models on sale and their prices', access: 'public', query: publicModelQuery, reply: publicModelList },
  site: { method: 'GET', path: '/api/site', summary: 'What this site is called, and what it announces', access: 'public', reply: siteInfo },
  status: { method: 'GET', path: '/api/status', summary: 'How well the models were served lately', access: 'public', query: statusQuery, reply: statusReply },
  docs: { method: 'GET', path: '/api/docs', summary: 'Errors and limits, for the documentation', access: 'public', reply: docsReply },

  listKeys: { method: 'GET', path: '/api/user/keys', summary: 'Your keys', access: 'user', query: pageQuery, reply: keyList },
  createKey: { method: 'POST', path: '/api/user/keys', summary: 'Make a key; its secret is in this reply only', access: 'user', body: keyCreate, reply: keyCreated, idempotent: true },
  changeKey: { method: 'PATCH', path: '/api/user/keys/{key}', summary: 'Rename, limit, switch on or off', access: 'user', params: key, body: keyPatch, reply: keyReply },
  rotateKey: { method: 'POST', path: '/api/user/keys/{key}/rotate', summary: 'Another secret for a key, in this reply only; the one before works on for a while', access: 'user', params: key, body: keyRotate, reply: keyCreated, idempotent: true },
  deleteKey: { method: 'DELETE', path: '/api/user/keys/{key}', summary: 'Delete a key for good', access: 'user', params: key, reply: doneReply },
  usage: { method: 'GET', path: '/api/user/usage', summary: 'Totals, days and requests', access: 'user', query: usageQuery, reply: usageReply },
  listOwnRequests: { method: 'GET', path: '/api/user/requests', summary: 'Your requests, newest first', access: 'user', query: ownRequestQuery, reply: requestList },
  getRequest: { method: 'GET', path: '/api/user/requests/{id}', summary: 'One of your requests, with its tries at upstreams', access: 'user', params: id, reply: requestDetail },
  doctor: { method: 'GET', path: '/api/user/doctor', summary: 'What has arrived from you since a time, refused calls included', access: 'user', query: doctorQuery, reply: doctorReply },
  playgroundKey: { method: 'POST', path: '/api/user/playground-key', summary: 'A key of ten minutes for the playground of this session', access: 'user', reply: playgroundKey },
  listEntries: { method: 'GET', path: '/api/user/entries', summary: 'Your ledger entries, newest first', access: 'user', query: pageQuery, reply: entryList },
  redeemCode: { method: 'POST', path: '/api/user/redeem', summary: 'Turn a code into credit', access: 'user', body: codeRedeem, reply: codeRedeemed },
  invite: { method: 'GET', path: '/api/user/invite', summary: 'Your invitation code and what it brought', access: 'user', reply: inviteInfo },
  listInvited: { method: 'GET', path: '/api/user/invited', summary: 'Users who came by your invitation, newest first', access: 'user', query: pageQuery, reply: invitedList },
  receipt: { method: 'GET', path: '/api/user/requests/{id}/receipt', summary: 'The signed receipt of one of your requests', access: 'user', params: id, reply: signedReceipt },

  topUpInfo: { method: 'GET', path: '/api/pay/info', summary: 'Amounts, rate and bonuses of a top-up', access: 'user', reply: topUpInfo },
  createOrder: { method: 'POST', path: '/api/pay/create', summary: 'An order and where to pay it', access: 'user', body: orderCreate, reply: orderCreated, idempotent: true },
  payReturn: { method: 'GET', path: '/api/pay/return', summary: 'Where the browser comes back to from paying', access: 'public' },
  queryOrder: { method: 'GET', path: '/api/pay/query/{trade_no}', summary: 'Ask the gateway about an order now; our number or the gateway\'s', access: 'user', params: z.object({ trade_no: tradeNo }), reply: orderReply },
  listOrders: { method: 'GET', path: '/api/user/orders', summary: 'Your orders, newest first', access: 'user', query: orderQuery, reply: orderList },

  listChannels: { method: 'GET', path: '/api/admin/channels', summary: 'Channels', access: 'admin', query: pageQuery, reply: channelList },
  createChannel: { method: 'POST', path: '/api/admin/channels', summary: 'Connect a channel', access: 'admin', body: channelCreate, reply: channelReply, idempotent: true },
  putChannel: { method: 'PUT', path: '/api/admin/channels/{id}', summary: 'Change a channel', access: 'admin', params: id, body: channelPut, reply: channelReply },
  deleteChannel: { method: 'DELETE', path: '/api/admin/channels/{id}', summary: 'Remove a channel and its routes', access: 'admin', params: id, reply: doneReply },
  testChannel: { method: 'POST', path: '/api/admin/channels/{id}/test', summary: 'Ask the upstream for a few tokens', access: 'admin', params: id, body: channelTest, reply: channelTestReply },
  changeCredentials: { method: 'PATCH', path: '/api/admin/channels/{id}/credentials', summary: 'Switch single credentials on or off, remove them, add more', access: 'admin', params: id, body: credentialsPatch, reply: channelReply },
  copyChannel: { method: 'POST', path: '/api/admin/channels/{id}/copy', summary: 'Another channel like this one, switched off', access: 'admin', params: id, reply: channelReply, idempotent: true },
  enableChannels: { method: 'POST', path: '/api/admin/channels/enable', summary: 'Switch channels on or off together', access: 'admin', body: manyEnabled, reply: manyReply },
  channelTraffic: { method: 'GET', path: '/api/admin/channels/traffic', summary: 'Tries, failures, money and speed of the channels', access: 'admin', query: channelTrafficQuery, reply: channelTraffic },
  offerModels: { method: 'POST', path: '/api/admin/channels/{id}/offer', summary: 'Put models of the upstream on sale; those there are get a route', access: 'admin', params: id, body: channelOffer, reply: channelOfferReply },
  listUpstreamModels: { method: 'GET', path: '/api/admin/channels/{id}/models', summary: 'The models the upstream offers', access: 'admin', params: id, reply: upstreamModels },

  listModels: { method: 'GET', path: '/api/admin/models', summary: 'Models, on sale or not', access: 'admin', query: pageQuery, reply: modelList },
  createModel: { method: 'POST', path: '/api/admin/models', summary: 'Put a model on sale', access: 'admin', body: modelCreate, reply: modelReply, idempotent: true },
  putModel: { method: 'PUT', path: '/api/admin/models/{id}', summary: 'Change a model', access: 'admin', params: id, body: modelPut, reply: modelReply },
  deleteModel: { method: 'DELETE', path: '/api/admin/models/{id}', summary: 'Take a model off sale for good', access: 'admin', params: id, reply: doneReply },

  enableModels: { method: 'POST', path: '/api/admin/models/enable', summary: 'Switch models on or off together', access: 'admin', body: manyEnabled, reply: manyReply },
  priceModels: { method: 'POST', path: '/api/admin/models/prices', summary: 'Prices of several models, each made from a version', access: 'admin', body: modelsPriced, reply: manyReply },

  listUsers: { method: 'GET', path: '/api/admin/users', summary: 'Users, newest first, or by id or beginning of the name', access: 'admin', query: userQuery, reply: userList },
  userSpending: { method: 'GET', path: '/api/admin/users/spending', summary: 'What users spent today, in seven and in thirty days, and what that left', access: 'admin', query: spendingQuery, reply: spendingReply },
  getUser: { method: 'GET', path: '/api/admin/users/{uid}', summary: 'One user', access: 'admin', params: uid, reply: userReply },
  putUser: { method: 'PUT', path: '/api/admin/users/{uid}', summary: 'Status, note, discount, limits, adjustment of the balance', access: 'admin', params: uid, body: userPut, reply: userReply, idempotent: true },
  listUserEntries: { method: 'GET', path: '/api/admin/users/{uid}/entries', summary: 'Ledger entries of one user, newest first', access: 'admin', params: uid, query: pageQuery, reply: entryList },
  listUserKeys: { method: 'GET', path: '/api/admin/users/{uid}/keys', summary: 'Keys of one user, newest first', access: 'admin', params: uid, query: pageQuery, reply: keyList },
  switchUserKey: { method: 'PATCH', path: '/api/admin/users/{uid}/keys/{key}', summary: 'Switch a key of a user on or off', access: 'admin', params: z.object({ uid: userId, key: recordId }), body: z.strictObject({ enabled: z.boolean() }), reply: keyReply },
  listRequests: { method: 'GET', path: '/api/admin/requests', summary: 'Requests of everybody', access: 'admin', query: adminRequestQuery, reply: adminRequestList },
  findRequest: { method: 'GET', path: '/api/admin/requests/{id}', summary: 'One request of anybody', access: 'admin', params: id, reply: adminRequest },
  adminReceipt: { method: 'GET', path: '/api/admin/requests/{id}/receipt', summary: 'The signed receipt of a request', access: 'admin', params: id, reply: signedReceipt },
  payments: { method: 'GET', path: '/api/admin/payments', summary: 'The gateway, orders by state, totals by day', access: 'admin', reply: paymentsOverview },
  testPayments: { method: 'POST', path: '/api/admin/payments/self-test', summary: 'Try whether payers and the gateway will get through', access: 'admin', reply: paymentsSelfTest },
  getPaymentSettings: { method: 'GET', path: '/api/admin/settings/payments', summary: 'Rate, amounts, bonuses', access: 'admin', reply: paymentSettingsReply },
  putPaymentSettings: { method: 'PUT', path: '/api/admin/settings/payments', summary: 'Change them; names the version it was made from', access: 'admin', body: paymentSettingsPut, reply: paymentSettingsReply },
  listAllOrders: { method: 'GET', path: '/api/admin/orders', summary: 'Orders of everybody', access: 'admin', query: adminOrderQuery, reply: adminOrderList },
  getOrder: { method: 'GET', path: '/api/admin/orders/{id}', summary: 'One order with everything the gateway said', access: 'admin', params: order, reply: adminOrderDetail },
  askOrder: { method: 'POST', path: '/api/admin/orders/{id}/ask', summary: 'Ask the gateway about an order now', access: 'admin', params: order, reply: adminOrderDetail },
  completeOrder: { method: 'POST', path: '/api/admin/orders/{id}/complete', summary: 'Credit an order by hand, with a reason', access: 'admin', params: order, body: orderComplete, reply: adminOrderDetail },
  refundOrder: { method: 'POST', path: '/api/admin/orders/{id}/refund', summary: 'Pay an order back at the gateway and take its credit back', access: 'admin', params: order, body: orderReason, reply: adminOrderDetail },
  listAlerts: { method: 'GET', path: '/api/admin/alerts', summary: 'What an admin must look at, newest first', access: 'admin', query: pageQuery, reply: alertList },
  dismissAlert: { method: 'POST', path: '/api/admin/alerts/{id}/dismiss', summary: 'Take an alert off the list', access: 'admin', params: id, reply: doneReply },
  listCodes: { method: 'GET', path: '/api/admin/codes', summary: 'Batches of redemption codes, newest first', access: 'admin', query: pageQuery, reply: batchList },
  createCodes: { method: 'POST', path: '/api/admin/codes', summary: 'Make a batch; its codes are in this reply only', access: 'admin', body: batchCreate, reply: batchCreated, idempotent: true },
  putCodes: { method: 'PUT', path: '/api/admin/codes/{id}', summary: 'Switch a batch on or off', access: 'admin', params: id, body: batchPut, reply: batchReply },
  books: { method: 'GET', path: '/api/admin/books', summary: 'Whether balances are what their entries add up to, and revenue against upstream cost', access: 'admin', query: booksQuery, reply: booksReply },
  checkBooks: { method: 'POST', path: '/api/admin/books/check', summary: 'Audit the books now; a long one goes on, ask again how far it is', access: 'admin', reply: booksState },
  stats: { method: 'GET', path: '/api/admin/stats', summary: 'Money and traffic by day, model, channel and user', access: 'admin', query: statsQuery, reply: statsReply },
  listAudit: { method: 'GET', path: '/api/admin/audit', summary: 'What admins changed, newest first', access: 'admin', query: auditQuery, reply: auditList },

  getSettings: { method: 'GET', path: '/api/admin/settings', summary: 'The settings by group, each with its version', access: 'admin', reply: settingsReply },
  putSettings: { method: 'PUT', path: '/api/admin/settings', summary: 'Change a group; names the version it was made from', access: 'admin', body: settingsPut, reply: settingsReply },
  listAnnouncements: { method: 'GET', path: '/api/admin/announcements', summary: 'Announcements, newest first', access: 'admin', reply: announcementList },
  createAnnouncement: { method: 'POST', path: '/api/admin/announcements', summary: 'Announce something', access: 'admin', body: announcementCreate, reply: announcementReply, idempotent: true },
  putAnnouncement: { method: 'PUT', path: '/api/admin/announcements/{id}', summary: 'Change an announcement', access: 'admin', params: id, body: announcementPut, reply: announcementReply },
  deleteAnnouncement: { method: 'DELETE', path: '/api/admin/announcements/{id}', summary: 'Delete an announcement', access: 'admin', params: id, reply: doneReply },
  exportConfiguration: { method: 'GET', path: '/api/admin/configuration', summary: 'Channels without credentials, models, settings and announcements as one file', access: 'admin', reply: configuration },
  exportWithCredentials: { method: 'POST', path: '/api/admin/configuration/export', summary: 'The same with the credentials, under a passphrase', access: 'admin', body: configurationExport, reply: configuration },
  importConfiguration: { method: 'POST', path: '/api/admin/configuration/import', summary: 'Take such a file over, or say what that would change', access: 'admin', body: configurationImport, reply: importReply },
})

export type Api = typeof api
