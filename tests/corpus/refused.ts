/** Requests no other dialect can be asked, with the field they are refused for: hosted tools have no price, stored files no owner. */
export const refusedRequests: Record<string, string> = {
  'anthropic/advisor-iterations-stream': 'tools.0.type',
  'anthropic/mcp-stream': 'mcp_servers',
  'anthropic/web-search-stream': 'tools.0.type',
  'openai-chat/web-search-annotations-stream': 'web_search_options',
  'openai-responses/mcp-stream': 'tools.mcp',
  'gemini/code-exec-two-finish-unicode-stream': 'tools.codeExecution',
  'gemini/emoji-stream': 'tools.codeExecution',
  'gemini/mcp-finish-first-chunk-stream': 'tools.mcpServers',
  'gemini/pdf-filedata-gs': 'fileData.fileUri',
  'gemini/prompt-blocked': 'modelArmorConfig',
  'gemini/url-context-stream': 'tools.urlContext',
}

/** The same, where it is up to the upstream: sound and video have no word in every dialect. */
export const refusedByUpstream: Record<string, string> = {
  'anthropic < gemini/audio-filedata': 'messages',
  'openai-chat < gemini/audio-filedata': 'messages.content',
  'openai-responses < gemini/audio-filedata': 'audio',
  'anthropic < gemini/video-youtube': 'messages',
  'openai-chat < gemini/video-youtube': 'messages.content',
  'openai-responses < gemini/video-youtube': 'video',
}
