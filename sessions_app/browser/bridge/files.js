// A file that many messages share is handed over once in a load of the page: a large one takes seconds, and a message
// may have to start within two.

const MOST_FILES = 3;

const files = new Map();

function keepFile({ file, data_url: content }) {
  if (content) {
    files.set(file, content);
    if (files.size > MOST_FILES) files.delete(files.keys().next().value);
  }
  return files.has(file);
}

const contentOf = ({ data_url: content, file }) => content ?? files.get(file) ?? fail("no_file");
