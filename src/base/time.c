/* RFC 3339 without the C library's time zone machinery. */
#include "base/time.h"

#include <time.h>

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar (months counted from March,
 * so that the leap day is the last of its year). */
static int64_t days_of_date(int64_t year, int64_t month, int64_t day) {
    int64_t shifted_year = month <= 2 ? year - 1 : year;
    int64_t era = shifted_year / 400;
    int64_t year_of_era = shifted_year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468;
}

static void date_of_days(int64_t days, int64_t *year, int64_t *month, int64_t *day) {
    int64_t shifted = days + 719468;
    int64_t era = shifted / 146097;
    int64_t day_of_era = shifted - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    *day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    *month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    *year = year_of_era + era * 400 + (*month <= 2 ? 1 : 0);
}

static int64_t days_in_month(int64_t year, int64_t month) {
    static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* A reader over the text: every step fails for good once one has failed. */
struct reader {
    struct view text;
    size_t position;
    bool failed;
};

static int64_t read_digits(struct reader *reader, size_t count) {
    int64_t number = 0;
    for (size_t i = 0; i < count; i++) {
        if (reader->failed || reader->position >= reader->text.size) {
            reader->failed = true;
            return 0;
        }
        uint8_t character = reader->text.data[reader->position++];
        if (character < '0' || character > '9') {
            reader->failed = true;
            return 0;
        }
        number = number * 10 + (character - '0');
    }
    return number;
}

static uint8_t read_one_of(struct reader *reader, const char *allowed) {
    if (reader->failed || reader->position >= reader->text.size) {
        reader->failed = true;
        return 0;
    }
    uint8_t character = reader->text.data[reader->position++];
    if (character == 0 || strchr(allowed, character) == NULL) {
        reader->failed = true;
    }
    return character;
}

static int64_t read_fraction_us(struct reader *reader) {
    int64_t fraction = 0;
    int digits = 0;
    while (reader->position < reader->text.size && reader->text.data[reader->position] >= '0'
           && reader->text.data[reader->position] <= '9') {
        int digit = reader->text.data[reader->position++] - '0';
        if (digits++ < 6) {
            fraction = fraction * 10 + digit;
        }
    }
    reader->failed = reader->failed || digits == 0 || digits > 9;
    for (; digits < 6; digits++) {
        fraction *= 10;
    }
    return fraction;
}

static int64_t read_offset_minutes(struct reader *reader, uint8_t sign) {
    if (sign == 'Z' || sign == 'z') {
        return 0;
    }
    int64_t hours = read_digits(reader, 2);
    (void)read_one_of(reader, ":");
    int64_t minutes = read_digits(reader, 2);
    reader->failed = reader->failed || hours > 23 || minutes > 59;
    return sign == '-' ? -(hours * 60 + minutes) : hours * 60 + minutes;
}

bool time_parse(struct view text, int64_t *time_us) {
    struct reader reader = {text, 0, false};
    int64_t year = read_digits(&reader, 4);
    (void)read_one_of(&reader, "-");
    int64_t month = read_digits(&reader, 2);
    (void)read_one_of(&reader, "-");
    int64_t day = read_digits(&reader, 2);
    (void)read_one_of(&reader, "Tt");
    int64_t hour = read_digits(&reader, 2);
    (void)read_one_of(&reader, ":");
    int64_t minute = read_digits(&reader, 2);
    (void)read_one_of(&reader, ":");
    int64_t second = read_digits(&reader, 2);
    uint8_t next = read_one_of(&reader, ".Zz+-");
    int64_t fraction_us = 0;
    if (next == '.') {
        fraction_us = read_fraction_us(&reader);
        next = read_one_of(&reader, "Zz+-");
    }
    int64_t offset_minutes = read_offset_minutes(&reader, next);
    if (reader.failed || reader.position != text.size || month < 1 || month > 12 || day < 1
        || day > days_in_month(year, month) || hour > 23 || minute > 59 || second > 59) {
        return false;
    }
    int64_t minutes = (days_of_date(year, month, day) * 24 + hour) * 60 + minute - offset_minutes;
    *time_us = (minutes * 60 + second) * TIME_SECOND_US + fraction_us;
    return *time_us >= TIME_MIN_US && *time_us <= TIME_MAX_US;
}

/* Exactly `count` digits, then `after`; returns where to go on. */
static char *put_digits(char *text, int64_t number, size_t count, char after) {
    for (size_t i = count; i > 0; i--) {
        text[i - 1] = (char)('0' + number % 10);
        number /= 10;
    }
    text[count] = after;
    return text + count + 1;
}

void time_format(int64_t time_us, char text[TIME_TEXT_SIZE + 1]) {
    int64_t bounded = time_us < TIME_MIN_US   ? TIME_MIN_US
                      : time_us > TIME_MAX_US ? TIME_MAX_US
                                              : time_us;
    int64_t seconds = bounded / TIME_SECOND_US;
    int64_t second_of_day = seconds % 86400;
    int64_t year;
    int64_t month;
    int64_t day;
    date_of_days(seconds / 86400, &year, &month, &day);
    char *next = put_digits(text, year, 4, '-');
    next = put_digits(next, month, 2, '-');
    next = put_digits(next, day, 2, 'T');
    next = put_digits(next, second_of_day / 3600, 2, ':');
    next = put_digits(next, second_of_day / 60 % 60, 2, ':');
    next = put_digits(next, second_of_day % 60, 2, '.');
    next = put_digits(next, bounded % TIME_SECOND_US, 6, 'Z');
    *next = '\0';
}

static int64_t clock_us(clockid_t clock) {
    struct timespec time;
    (void)clock_gettime(clock, &time);
    return (int64_t)time.tv_sec * TIME_SECOND_US + time.tv_nsec / 1000;
}

int64_t time_wall_us(void) {
    return clock_us(CLOCK_REALTIME);
}

int64_t time_monotonic_us(void) {
    return clock_us(CLOCK_MONOTONIC);
}
