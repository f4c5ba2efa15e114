/**
 * Where the reader reaches this site. Behind a proxy that ends TLS the server may see http; the browser knows better
 * and corrects it as soon as it is awake.
 */
export function useOrigin() {
  const origin = useState('origin', () => useRequestURL().origin)

  function adopt() {
    origin.value = window.location.origin
  }

  return { origin, base: computed(() => `${origin.value}/v1`), adopt }
}
