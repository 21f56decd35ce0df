#pragma once
#include <sys/types.h>

#include <string>
#include <string_view>

#include "system/files.hpp"

// How files come by their names, keep their permissions and lose their names again, so that nobody else's is met on the
// way: what stands at a path is not opened to be written, and nothing is removed or replaced that was not asked for.
namespace concdemo::files {

// A new file that begins with `text`, which is on the disk; 0666 less umask. On failure there is none. EEXIST for
// whatever stands there.
int create(const std::string& path, std::string_view text, Descriptor& file);
// A new file that this process has locked (files::lock), so that nobody takes it for one that was left behind. EEXIST
// for whatever stands there, and where somebody did before it was locked.
int create_locked(const std::string& path, Descriptor& file);
int write_start(int fd, std::string_view text);  // the same of a file that is open: first bytes, on the disk

int rename(const std::string& from, const std::string& to, bool replace);  // else EEXIST when `to` is there
int remove(int fd, const std::string& path);  // nothing where `path` does not name this very file

// Gives `to` what the regular file `path` has, as far as this user and the file system can: mode, access list, user
// attributes, owner and group; where the group cannot be kept, nobody gains by another one. Beyond that it gets the
// bits of mode `more`. Nothing where no regular file is.
void keep_permissions(const std::string& path, int to, mode_t more = 0);

// Whether `path`, links followed, names a file of this user; false where none is.
bool is_own(const std::string& path);
// Whether it is another's, in a folder where only its owner may replace or remove it (sticky, as /tmp).
bool is_kept(const std::string& path);

}  // namespace concdemo::files
