/** Made by `build/rest-icons.ts`; loading it is all there is to do. */
declare module 'virtual:rest-icons'
