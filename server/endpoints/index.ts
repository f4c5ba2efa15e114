/** Endpoints of OpenAI-compatible upstreams that are no conversation: bytes pass, what was used is metered. `docs/endpoints.md` */
export { completions } from './completions'
export { embeddings } from './embeddings'
export { geminiEmbeddings } from './gemini-embeddings'
export { imageEdits, imageGenerations } from './images'
export { moderations } from './moderations'
export { rerank } from './rerank'
export { speech } from './speech'
export { transcriptions, translations } from './transcriptions'
