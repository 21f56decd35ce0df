#pragma once
#include "lessons/mistake.hpp"

namespace concdemo {

// Defined in the files by subject, mistake_*.cpp; mistake_list.cpp puts them in order.
extern const Mistake cpu_under_one_lock_mistake;
extern const Mistake race_mistake;
extern const Mistake exit_before_threads_mistake;
extern const Mistake unjoined_thread_mistake;
extern const Mistake result_before_join_mistake;
extern const Mistake lock_order_mistake;
extern const Mistake false_sharing_mistake;
extern const Mistake unordered_sum_mistake;
extern const Mistake queue_without_condition_mistake;
extern const Mistake no_limit_mistake;
extern const Mistake head_to_head_mistake;
extern const Mistake missing_rank_mistake;
extern const Mistake buffer_reuse_mistake;

}  // namespace concdemo
