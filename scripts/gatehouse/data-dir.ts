/** The option that says which data folder a command works on: the server's, unless another is named. */
import { Option } from 'commander';

const standard = 'var';

/** `--data-dir`, else the variable DATA_DIR as the server reads it, else `var`. An empty text counts as not given. */
export function dataDirOption(): Option {
  return new Option('--data-dir <folder>', 'the data folder of the server')
    .env('DATA_DIR')
    .argParser((text) => (text === '' ? standard : text))
    .default(standard);
}
