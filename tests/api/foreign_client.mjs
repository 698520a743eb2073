// tus-js-client sends one file in a given way and prints what happened as JSON. Arguments: node_modules' folder, the order.
import { createReadStream, statSync } from 'node:fs'
import { createRequire } from 'node:module'

const { Upload } = createRequire(`${process.argv[2]}/package.json`)('tus-js-client')
const order = JSON.parse(process.argv[3])
const size = statSync(order.file).size

const upload = new Upload(createReadStream(order.file), {
  endpoint: order.endpoint,
  uploadUrl: order.url,
  uploadSize: order.parallel ? undefined : size,
  chunkSize: order.chunk,
  parallelUploads: order.parallel ?? 1,
  uploadDataDuringCreation: Boolean(order.withCreation),
  overridePatchMethod: Boolean(order.override),
  headers: { Authorization: `Bearer ${order.key}` },
  metadata: { filename: order.name },
  retryDelays: [0, 100, 500],
  onProgress: (sent) => {
    if (order.stopAt && sent >= order.stopAt) {
      order.stopAt = 0
      upload.abort(Boolean(order.end)).then(() => say('stopped'))
    }
  },
  onSuccess: () => say('sent'),
  onError: (error) => say('failed', String(error.originalResponse?.getBody() ?? error)),
})

function say(what, why = null) {
  process.stdout.write(JSON.stringify({ what, why, url: upload.url }))
  process.exit(0)
}
upload.start()
