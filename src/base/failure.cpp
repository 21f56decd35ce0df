#include "base/failure.hpp"

#include <new>

namespace concdemo {

Failure attempt(const std::function<void()>& work) {
  try {
    work();
    return {};
  } catch (const Error& error) {
    return {error.code, error.what()};
  } catch (const std::bad_alloc&) {
    return {ExitCode::system, "out of memory; use a smaller size or more ranks on more nodes"};
  } catch (const std::exception& error) {
    return {ExitCode::system, error.what()};
  } catch (...) {
    return {ExitCode::system, "an exception that is no std::exception"};
  }
}

}  // namespace concdemo
