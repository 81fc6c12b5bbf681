// Khronos's validator of glTF: its report on the file that stands on the standard input, as JSON.
import { readFileSync } from "node:fs"
import validator from "gltf-validator"

const report = await validator.validateBytes(new Uint8Array(readFileSync(0)))
console.log(JSON.stringify(report))
