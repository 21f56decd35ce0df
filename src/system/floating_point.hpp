#pragma once

namespace concdemo {

// Throws system Error unless this thread rounds to nearest and keeps subnormals: a library built with -ffast-math that
// is loaded into the process switches them off for all of it, and results would lose their bits without a word.
void require_ieee_arithmetic();

}  // namespace concdemo
