const PICTURES_MAX = 6
const BYTES_MAX = 8 * 1024 * 1024
const types = ['image/png', 'image/jpeg', 'image/webp', 'image/gif']

export const pictureTypes = types.join(',')

/** Pictures chosen, pasted or dropped, as data addresses; each is looked at before it is taken. */
export function usePictures(onRefused: (why: 'type' | 'size' | 'count') => void) {
  const pictures = ref<string[]>([])

  async function add(files: Iterable<File>): Promise<void> {
    for (const file of files) {
      if (!types.includes(file.type)) onRefused('type')
      else if (file.size > BYTES_MAX) onRefused('size')
      else if (pictures.value.length >= PICTURES_MAX) onRefused('count')
      else pictures.value.push(await readAddress(file))
    }
  }

  function remove(index: number) {
    pictures.value.splice(index, 1)
  }

  function take(): string[] {
    const taken = pictures.value
    pictures.value = []
    return taken
  }

  return { pictures, add, remove, take }
}

function readAddress(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(String(reader.result))
    reader.onerror = () => reject(reader.error ?? new Error('a picture could not be read'))
    reader.readAsDataURL(file)
  })
}
