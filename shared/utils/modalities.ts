/** What a model takes and gives. `text` is a conversation: such a model can be called in every dialect. */
export const modalities = ['text', 'image_in', 'audio_in', 'video_in', 'image_out', 'audio_out', 'embeddings', 'rerank', 'moderation'] as const
export type Modality = typeof modalities[number]
