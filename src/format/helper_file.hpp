#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "system/files.hpp"

// Files that a run makes beside FILE, under a name made of FILE's: FILE.partial, FILE.lock, FILE.checkpoint, FILE.xmf.
// Anybody's file may stand there. Ours bear a mark, and nothing else is written to, replaced or removed.
namespace concdemo {

// Why an open file is not ours, as "it is ..." or "it holds ..."; empty when it bears the mark.
using WhyForeign = std::function<std::string(int file)>;

// Opens (with `flags`, to be read at least) what stands at `path`, where that is a regular file of this user, with this
// one name, and ours. Not valid when nothing stands there. Throws usage Error for anything else, which stays as it is.
files::Descriptor open_helper(const std::string& path, int flags, const WhyForeign& why_foreign);

// Whether it begins with the mark, which is the first that is written to a helper file and synced: or is what a kill or
// a power cut left of one before that, no longer than the mark and without a byte of anybody else.
bool bears(int file, std::string_view mark);

}  // namespace concdemo
